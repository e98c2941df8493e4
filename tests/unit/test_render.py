"""What the command line prints: harmless for a terminal, and the same in every form."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geogate.cli.render import EXIT, plain, print_json, print_verdict, verdict_document
from geogate.model.dataset import Fate, FilePart
from geogate.model.document import canonical_json, from_json
from geogate.model.finding import Count, Effect, Finding, LegalBasis
from geogate.model.names import LayerName, PolicyName, RecipientId, RuleId, Sha256
from geogate.model.verdict import Basis, Check, Decision, LayerSummary, Verdict

DIGEST = Sha256("d" * 64)
LAYER = LayerName("roads\x1b[2J")
RULE = RuleId("precision")

FINDING = Finding(
    rule=RULE,
    layer=LAYER,
    effect=Effect.DENY,
    summary="positions are as fine as 1 m",
    remedy="round them",
    measured="1",
    operator=">=",
    limit="100",
    unit="m",
    counts=(Count(what="ordinates", value=12345), Count(what="others", value=6)),
    legal_basis=(LegalBasis(section="art. 1", source="the act", as_of=date(2026, 1, 1)),),
)
CLEAR = Verdict(
    subject=DIGEST,
    subject_size=1234,
    recipient=RecipientId("partner"),
    destination="file:///outbox/",
    purpose="maps",
    basis=Basis(policy=PolicyName("p"), policy_digest=DIGEST, recipients_digest=DIGEST, zones=(), versions=()),
    judged_at=datetime(2026, 11, 22, tzinfo=UTC),
    rules=(RULE,),
    layers=(LayerSummary(name=LAYER, rows=1, crs="EPSG:4326"),),
    checks=(Check(rule=RULE, layer=LAYER, satisfied=True, observed="1 km"),),
    findings=(),
)
DENY = replace(CLEAR, checks=(Check(rule=RULE, layer=LAYER, satisfied=False, observed="1 m"),), findings=(FINDING,))
HOLD = replace(DENY, findings=(replace(FINDING, effect=Effect.HOLD),))
SILENT = replace(CLEAR, checks=())


def test_each_decision_has_a_code_of_its_own_and_only_clear_has_0() -> None:
    assert EXIT == {Decision.CLEAR: 0, Decision.HOLD: 10, Decision.DENY: 11}


@given(st.text(st.characters(codec=None)))
def test_plain_text_cannot_steer_a_terminal(text: str) -> None:
    assert plain(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], include_characters=" ")))
def test_what_is_printable_stays_as_it_is(text: str) -> None:
    assert plain("".join(c for c in text if c.isprintable())) == "".join(c for c in text if c.isprintable())


@pytest.mark.parametrize("verdict", [CLEAR, HOLD, DENY, SILENT])
@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_every_form_is_plain_and_says_the_decision(
    verdict: Verdict, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_verdict(verdict, title="road\x1bs", form=form)
    said = capsys.readouterr().out
    assert all(c == "\n" or c.isprintable() for c in said)
    if form == "text":
        assert said.startswith(verdict.decision.value.upper())
    elif form == "json":
        assert json.loads(said)["decision"] == verdict.decision
    else:
        assert json.loads(said)["runs"][0]["properties"]["decision"] == verdict.decision


def test_a_verdict_without_an_answer_is_a_denial_that_names_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    print_verdict(SILENT, title="roads", form="text")
    said = capsys.readouterr().out
    assert said.startswith("DENY")
    assert "no answer: precision on roads" in said


def test_the_document_is_the_verdict_and_its_decision() -> None:
    document = verdict_document(DENY)
    assert document.pop("decision") == "deny"
    assert from_json(Verdict, canonical_json(document)) == DENY


def test_what_is_no_number_is_not_printed_as_one() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"x": float("nan")})


@pytest.mark.parametrize(("effect", "level"), [(Effect.DENY, "error"), (Effect.HOLD, "warning"), (Effect.NOTE, "note")])
def test_sarif_has_a_level_for_each_effect(effect: Effect, level: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_verdict(replace(DENY, findings=(replace(FINDING, effect=effect),)), title="roads", form="sarif")
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert (result["level"], result["ruleId"]) == (level, "precision")


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    print_verdict(DENY, title="roads", form="text")
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    print_verdict(DENY, title="roads", form="text")
    assert "\x1b[" in capsys.readouterr().out


def test_a_verdict_of_before_parts_were_named_as_removed_keeps_its_text() -> None:
    text = canonical_json(CLEAR)
    assert "removed" not in text
    assert canonical_json(from_json(Verdict, text)) == text
    newer = replace(CLEAR, removed=(FilePart(what="comments", fate=Fate.REMOVED, count=2),))
    assert from_json(Verdict, canonical_json(newer)) == newer
    assert canonical_json(newer) != text
