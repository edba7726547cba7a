"""A pickle, looked at: which names it imports, what its root is, and the states of what it builds."""

from __future__ import annotations

import struct

from ml_buildpack.facts.models.pickle_machine import Machine, PickleScan
from ml_buildpack.facts.models.pickle_opcodes import HANDLERS
from ml_buildpack.facts.models.stored import ByteSource, DamagedError, TooLargeError

__all__ = ["PickleScan", "scan_pickle"]


def scan_pickle(source: ByteSource) -> PickleScan:
    """What the first pickle of the source would do. Raises: DamagedError where it is none, or ends in the middle."""
    scan = PickleScan()
    machine = Machine(source=source, scan=scan, handlers=HANDLERS)
    try:
        scan.root = machine.run()
    except TooLargeError:
        scan.is_partial = True
        scan.root = machine.bottom()
    except (IndexError, KeyError, ValueError, TypeError, struct.error) as error:
        raise DamagedError("Its opcodes make no sense.") from error
    return scan
