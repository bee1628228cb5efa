"""The command line: what it does, what it says, and with which exit code it ends."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as _Result
