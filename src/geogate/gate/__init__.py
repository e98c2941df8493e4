"""The use cases of the gate: the only code that changes state."""
