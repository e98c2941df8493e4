"""What the gate says of its own work: log lines, metrics and traces, with nothing of the data in them."""
