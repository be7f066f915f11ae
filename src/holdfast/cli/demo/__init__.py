"""``holdfast demo``: a broker and its gateways are killed while messages cross; a tap on the wire judges."""
