# SPDX-License-Identifier: MIT
"""Reads the reports that GoogleTest (JSON) and pytest (JUnit XML) left in a folder: prints passed, failed and skipped."""

import json
import pathlib
import sys
import xml.etree.ElementTree


def of_googletest(path):
    report = json.loads(path.read_text())
    # A shard's report lists the other shard's tests as not run: they are neither passed nor skipped here.
    cases = [case for suite in report["testsuites"] for case in suite["testsuite"]]
    ran = [case for case in cases if case["status"] == "RUN" and case["result"] != "SUPPRESSED"]
    failed = sum("failures" in case for case in ran)
    skipped = sum(case["result"] == "SKIPPED" for case in ran)
    return len(ran) - failed - skipped, failed, skipped


def of_pytest(path):
    suites = xml.etree.ElementTree.parse(path).getroot().iter("testsuite")
    total = [0, 0, 0]
    for suite in suites:
        failed = int(suite.get("failures")) + int(suite.get("errors"))
        skipped = int(suite.get("skipped"))
        total = [total[0] + int(suite.get("tests")) - failed - skipped, total[1] + failed, total[2] + skipped]
    return tuple(total)


def main(folder):
    reports = [of_googletest(path) for path in sorted(folder.glob("*.json"))]
    reports += [of_pytest(path) for path in sorted(folder.glob("*.xml"))]
    print(*(sum(column) for column in zip((0, 0, 0), *reports)))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
