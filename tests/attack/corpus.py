"""All cases: what must be refused, then what must be accepted."""

from attack.case import Case
from attack.cases_broker import CLEARANCES
from attack.cases_bucket import OPENING, WRITING
from attack.cases_legitimate import LEGITIMATE
from attack.cases_roles import BECOMING, LOCKS, ROLES

REFUSED: tuple[Case, ...] = (*WRITING, *OPENING, *BECOMING, *ROLES, *LOCKS, *CLEARANCES)
ACCEPTED: tuple[Case, ...] = LEGITIMATE
SENT_BY_CASES = frozenset({"legitimate.csv", "large.bin", "planted.csv"})
"""What may lie in egress besides what the gate sent below its own prefix; the last was planted past all policies."""
