"""The command line: parse, call the gate, render; it never decides."""
