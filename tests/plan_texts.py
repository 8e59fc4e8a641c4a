"""Texts of plans, for tests."""

from __future__ import annotations


def text_of(*waves: int) -> str:
    """A plan with so many tasks in each wave, numbered through."""
    lines, number = ["# Shop", "", "**Goal:** sell", ""], 0
    for wave, tasks in enumerate(waves, start=1):
        lines += [f"## Wave {wave}: of {tasks}", ""]
        for _ in range(tasks):
            number += 1
            lines += [f"### Task {number}: part {number}", "", f"do {number}", ""]
    return "\n".join(lines)
