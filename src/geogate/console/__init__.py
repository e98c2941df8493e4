"""The web console: parse, call the gate, render; it never decides."""
