"""The statements are text; what they do is held by the contract suite, on a real server."""

from __future__ import annotations

from holdfast.ingest.postgres import sql
from holdfast.ingest.row import Row
from holdfast.ingest.table import AS_IT_CAME, Column, Table

PAIRS = (Column("device", "text", required=True), Column("value", "real"))


def test_a_table_has_an_id_of_its_own() -> None:
    """And each column its type; what is required is not null."""
    assert sql.create("pairs", PAIRS) == (
        'CREATE TABLE "pairs" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
        ' "device" text NOT NULL, "value" double precision)'
    )


def test_names_are_quoted() -> None:
    """A quote in a name is doubled; a percent sign is left, as these statements have no parameters."""
    assert sql.copy('a"b', [Column("100%", "int")]) == 'COPY "a""b" ("100%") FROM STDIN'


def test_the_stage_takes_every_row() -> None:
    """What is required is refused by the table: the reason then names that table."""
    assert "NOT NULL" not in sql.create_stage(Table("pairs", PAIRS))


def test_rows_move_in_order() -> None:
    """Without a key a row that a unique index holds already is no error."""
    text = sql.move(Table("pairs", PAIRS))
    assert 'SELECT stage."device", stage."value" FROM holdfast_stage stage ORDER BY id' in text
    assert "ON CONFLICT DO NOTHING" in text


def test_the_last_row_replaces() -> None:
    """All columns but the key; where there are none nothing is left to replace."""
    text = sql.move(Table("pairs", PAIRS, key=("device",), keep="last"))
    assert 'ON CONFLICT ("device") DO UPDATE SET "value" = excluded."value"' in text
    assert "DO NOTHING" in sql.move(Table("pairs", PAIRS, key=("device", "value"), keep="last"))


def test_text_is_sent_as_bytes_where_bytes_stand() -> None:
    """Other columns, and null, are left as they are."""
    rows: list[Row] = [("t", "t", "t", "t", "ä", None), (None, None, None, None, b"\0", None)]
    assert list(sql.as_sent(AS_IT_CAME, rows)) == [
        ["t", "t", "t", "t", "ä".encode(), None],
        [*rows[1]],
    ]
    assert list(sql.as_sent(PAIRS, [("a", 1.0)])) == [["a", 1.0]]
