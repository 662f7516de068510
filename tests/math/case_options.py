# SPDX-License-Identifier: MIT
"""The configuration of a row of Math-Verify's pairs, as options of our verifier."""


def options(config):
    """match_types say where an answer may stand, the priority of a box over words, digits that count, what may stand for what."""
    return {
        "latex": "latex" in config["match_types"],
        "expression": "expr" in config["match_types"],
        "boxed_priority": config["boxed_match_priority"],
        "float_rounding": config["float_rounding"],
        "numeric_precision": config["numeric_precision"],
        "strict": config["strict"],
        "allow_set_relation": config["allow_set_relation_comp"],
    }


def extraction(config):
    """The configuration of a row that names what is extracted: words of a choice, or formulas alone."""
    if config["config"] == "StringExtractionConfig":
        return {"choices": config.get("strings", ["A", "B", "C", "D"]), "lowercase": config.get("lowercase", True)}
    return {
        "expression": False,
        "whole_priority": -1,
        "boxed_priority": config.get("boxed_match_priority", 50),
        "malformed_operators": config.get("malformed_operators", True),
    }


def request(row):
    return {"gold": row["gold"], "response": row["pred"], "options": options(row["config"])}
