"""The rules, one module each: parameters, the measures that they need, and how they judge."""
