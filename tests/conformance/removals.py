"""For each statement, what takes just that behaviour out of the core: its test must fail then.

A removal is a patch of one or two methods. It plants the mistake that clients make, not any
mistake: what it leaves alone goes on working, so the test fails for its own statement.
"""

from __future__ import annotations

from holdfast.protocol.authentication import Authentication
from holdfast.protocol.keepalive import Keepalive
from holdfast.protocol.receiver import Receiver
from holdfast.protocol.sender import Sender
from holdfast.protocol.session import Session
from holdfast.protocol.subscriptions import Subscriptions
from holdfast.protocol.wire import Wire
from tests.conformance.planted_1_3 import (
    a_lost_session_is_resumed,
    agreed_except,
    aliases_are_kept,
    always_one,
    any_session_is_ours,
    any_text_is_written,
    any_topic_is_taken,
    ill_formed_is_read,
    late_pings,
    no_connect,
    nothing_is_refused,
    null_is_read,
    own_identifiers,
    ping_first,
    qos_3_is_2,
    resends_are_not_looked_at,
    resends_without_window,
    subscribe_of_any_size,
    subscriptions_are_believed,
    the_backlog_before_connack,
    used_is_not_looked_at,
)
from tests.conformance.planted_4 import (
    acknowledged_on_arrival,
    always_0x80,
    another_identifier,
    backwards,
    drop_expired,
    first_done_first_answered,
    forget_sent,
    never_refilled,
    new_identifiers,
    no_quota,
    publish_released_again,
    pubrec_refills,
    pubrel_forgets_nothing,
    pubrels_overtake,
    qos_1_is_remembered,
    qos_2_is_not_remembered,
    receiver_holds_expired,
    refused_is_unacknowledged,
    refusing,
    released_backwards,
    resend_on_a_timer,
    session_without_quota,
    shut,
    wide_open,
    with_dup,
)
from tests.conformance.planted_4_12 import (
    always_our_turn,
    another_method,
    answers_begin_anew,
    any_reason_is_taken,
    any_turn_will_do,
    failures_are_forgiven,
    farewells_are_not_heard,
    flags_are_not_looked_at,
    goes_on,
    opened_by_a_challenge,
    pings_in_the_exchange,
    unasked_is_answered,
)
from tests.conformance.planting import Removal, after, before, rewritten, unless, without

WINDOW = (unless(Sender, "_pubrel", no_quota), unless(Session, "ack", session_without_quota))

REMOVALS: dict[str, tuple[Removal, ...]] = {
    "1.5.4-1": (ill_formed_is_read, any_topic_is_taken, any_text_is_written),
    "1.5.4-2": (null_is_read, any_topic_is_taken, any_text_is_written),
    "2.2.1-3": (always_one, used_is_not_looked_at, after(Subscriptions, "__init__", own_identifiers)),
    "3.1.0-1": (no_connect, rewritten(ping_first), the_backlog_before_connack),
    "3.1.2-20": (lambda patch: patch.setattr(Keepalive, "due", lambda *_: "nothing"), late_pings),
    "3.1.2-21": (agreed_except(keepalive_s=lambda request: request.keepalive_s),),
    "3.2.2-4": (any_session_is_ours,),
    "3.2.2-5": (a_lost_session_is_resumed, without(Receiver, "restart"), subscriptions_are_believed),
    "3.2.2-11": (nothing_is_refused, resends_are_not_looked_at),
    "3.2.2-15": (nothing_is_refused, resends_are_not_looked_at, subscribe_of_any_size),
    "3.2.2-21": (agreed_except(keepalive_s=lambda request: request.keepalive_s),),
    "3.3.1-4": (qos_3_is_2,),
    "3.3.2-7": (aliases_are_kept,),
    "3.3.4-7": (resends_without_window, after(Sender, "open", wide_open)),
    "3.14.4-1": (without(Wire, "close"), without(Session, "_halt")),
    "4.3.2-1": (always_one,),
    "4.3.2-2": (rewritten(with_dup),),
    "4.3.2-3": (before(Sender, "lost", forget_sent), without(Sender, "puback")),
    "4.3.2-4": (
        without(Receiver, "_release"),
        acknowledged_on_arrival,
        rewritten(another_identifier),
    ),
    "4.3.2-5": (qos_1_is_remembered,),
    "4.3.3-1": (always_one,),
    "4.3.3-2": (rewritten(with_dup),),
    "4.3.3-3": (before(Sender, "lost", forget_sent), without(Sender, "pubrec")),
    "4.3.3-4": (without(Sender, "_pubrel"),),
    "4.3.3-5": (without(Sender, "resume"), without(Sender, "pubcomp")),
    "4.3.3-6": (before(Sender, "lost", publish_released_again),),
    "4.3.3-7": (before(Sender, "_resend", drop_expired),),
    "4.3.3-8": (without(Receiver, "_release"), acknowledged_on_arrival, rewritten(another_identifier)),
    "4.3.3-9": (rewritten(refusing),),
    "4.3.3-10": (qos_2_is_not_remembered, without(Receiver, "_again")),
    "4.3.3-11": (without(Receiver, "pubrel"), rewritten(another_identifier)),
    "4.3.3-12": (pubrel_forgets_nothing,),
    "4.3.3-13": (receiver_holds_expired,),
    "4.4.0-1": (
        without(Sender, "resume"),
        before(Sender, "lost", forget_sent),
        new_identifiers,
        after(Session, "tick", resend_on_a_timer),
    ),
    "4.4.0-2": (after(Sender, "_end", refused_is_unacknowledged),),
    "4.6.0-1": (after(Sender, "lost", backwards),),
    "4.6.0-2": (first_done_first_answered(1),),
    "4.6.0-3": (first_done_first_answered(2),),
    "4.6.0-4": (released_backwards, pubrels_overtake),
    "4.9.0-1": (after(Sender, "open", wide_open), after(Sender, "open", shut)),
    "4.9.0-2": (pubrec_refills, never_refilled, after(Sender, "open", wide_open)),
    "4.9.0-3": WINDOW,
    "3.1.2-30": (opened_by_a_challenge, pings_in_the_exchange, the_backlog_before_connack),
    "3.15.1-1": (flags_are_not_looked_at,),
    "3.15.2-1": (rewritten(goes_on), any_reason_is_taken),
    "4.12.0-2": (any_turn_will_do,),
    "4.12.0-3": (rewritten(answers_begin_anew),),
    "4.12.0-5": (without(Authentication, "_check"), rewritten(another_method)),
    "4.12.0-6": (unasked_is_answered,),
    "4.12.0-7": (always_our_turn,),
    "4.12.1-1": (rewritten(goes_on), rewritten(another_method), always_our_turn),
    "4.12.1-2": (failures_are_forgiven, farewells_are_not_heard),
    "4.13.1-1": (without(Session, "_fail"), always_0x80),
}
