"""The door to Great Expectations, which must not end the process on its way."""

from __future__ import annotations

import subprocess
import sys

TEXT = """
import sys
import pyspark.sql
import geogate.suites.gx

assert sys.modules["pyspark"].__version__
print("reached", "pyspark.sql.connect" in sys.modules)
"""


def test_a_program_without_a_file_goes_on_after_the_import() -> None:
    # There pyspark, were it imported by the library, would end the process with code 0.
    command = [sys.executable, "-W", "ignore", "-c", TEXT]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, ["reached", "False"])
