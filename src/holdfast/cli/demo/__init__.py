"""``holdfast demo``: a broker keeps dying while messages cross it, judged by a tap on the wire."""
