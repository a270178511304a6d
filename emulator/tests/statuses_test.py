#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Each status code of P-SEAMLDR was returned in the tests before this one, or it is told here why
it cannot be. Those of the TDX module are counted in module_test, as one program has them all."""

import os
import re
import sys
from pathlib import Path

# Beside what P-SEAMLDR of repository intel/tdx-loader has, for those who change the model.
NOT_REACHED = {
    "EINTERRUPT": "the model does not look for interrupts within a call",
}

if "STATUSES" not in os.environ:
    sys.exit("statuses_test.py: only make check knows what the other tests have seen")
header = (Path(__file__).resolve().parents[1] / "abi/status.h").read_text(encoding="utf-8")
statuses = {name: int(value, 16) for name, value in re.findall(
    r"X\((\w+),\s*0x(\w+)UL\)", header.partition("SEAMLDR_STATUSES(X)")[2])}
seen = {int(word, 16) for word in Path(os.environ["STATUSES"]).read_text(encoding="utf-8").split()}

results = [(not NOT_REACHED.keys() - statuses.keys(), "those that cannot be reached are codes"),
           (len(statuses) > 1, "P-SEAMLDR has status codes")]
for name, value in statuses.items():
    if name in NOT_REACHED:
        results.append((value not in seen, f"SEAMLDR_{name} is never seen: {NOT_REACHED[name]}"))
    else:
        results.append((value in seen, f"SEAMLDR_{name} was seen"))
for number, (held, what) in enumerate(results, 1):
    print(f"{'ok' if held else 'not ok'} {number} - {what}")
missing = [name for name, value in statuses.items() if value not in seen]
print(f"# P-SEAMLDR: {len(statuses) - len(missing)} of {len(statuses)} status codes were reached, "
      "not these:")
for name in missing:
    print(f"#   SEAMLDR_{name}: {NOT_REACHED.get(name, 'no reason')}")
print(f"1..{len(results)}")
sys.exit(not all(held for held, _ in results))
