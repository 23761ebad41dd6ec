"""All benchmarks as one table (`make bench`): exit code 1 when a limit is exceeded."""

import sys

import ipdv
import pacing
import run_time
import scoring
import start_up
import stick
from row import finish

sys.exit(finish(start_up.measure(), *stick.measure(), run_time.measure(), scoring.measure(), *pacing.measure(), *ipdv.measure()))
