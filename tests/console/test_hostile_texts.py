"""Names and texts that want to be something else: markup, other directions, very long ones; each is shown as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from consoling.desk import console
from consoling.visitor import forms_of, text_of
from gating.files import MIDDLE, frame
from hypothesis import given
from hypothesis import strategies as st

from geogate.console.shown import finalize, visible

if TYPE_CHECKING:
    from gating.gate import Gate

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "exe.\u202egpj",
    "a\u2066b\u2069c\u200bd\ufeff",
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "Z\u0301\u0301\u0301\u0301\u0301\u0301algo",
    "x" * 1500,
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_text_wherever_it_comes_from(gate: Gate, text: str) -> None:
    # The gate takes no file by a name that deceives, so that the text stands in the column and its values then.
    name = text.replace("/", "_")[:80] if visible(text) == text else "places"
    path = gate.staged / f"{name}.geojson"
    data = frame(MIDDLE, (text[:200],)).rename(columns={"name": name[:60]})
    path.write_text(data.to_json(drop_id=True))
    done = gate.submit(path, purpose=text[:250].replace("\n", " "))
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.visitor("sam", "auditors") as sam:
        address = f"/releases/{done.request}"
        if f"{address}/comment" in forms_of(page := ada.page(address)):
            ada.send(forms_of(page)[f"{address}/comment"], comment=text)
        pages = [ada.page(address), ada.page("/?state=all"), sam.page("/ledger"), ada.page(f"/?text={'%3Cscript%3E'}")]

    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "onmouseover='" not in page
        assert not any(each in page for each in "\u202e\u2066\u2069\u200b\ufeff")
    assert visible(text[:40]) in text_of(pages[0]) or visible(name[:40]) in text_of(pages[0])


@given(st.text())
def test_what_is_shown_has_no_character_that_nobody_sees(text: str) -> None:
    assert all(each in "\n\t" or each.isprintable() for each in visible(text))


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs"))))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_a_name_that_a_template_writes_is_made_visible_and_markup_of_our_own_stays() -> None:
    from markupsafe import Markup

    assert finalize("a\u202eb") == "a\N{LEFT WHITE CURLY BRACKET}U+202E\N{RIGHT WHITE CURLY BRACKET}b"
    assert finalize(Markup("<b>x</b>")) == "<b>x</b>"
    assert finalize(None) == ""
