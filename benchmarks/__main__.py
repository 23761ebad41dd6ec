"""All benchmarks as one table (`make bench`): exit code 1 when a limit is exceeded."""

import sys

import compile as compiling
import ipdv
import pacing
import page
import reflector_idle
import reflector_memory
import reflector_speed
import run_time
import scoring
import start_up
import stick
from row import finish

program = (start_up.measure(), *stick.measure(), run_time.measure(), *scoring.measure(), *compiling.measure())
sender = (*pacing.measure(), *ipdv.measure(), *page.measure())
reflector = (*reflector_speed.measure(), *reflector_idle.measure(), *reflector_memory.measure())
sys.exit(finish(*program, *sender, *reflector))
