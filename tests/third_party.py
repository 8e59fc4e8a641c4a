"""Plugins of third parties, installed for one run."""

from __future__ import annotations

from pathlib import Path


def offer(shop: Path, name: str, source: str | None, *, distribution: str = "", module: str = "") -> None:
    """Install a distribution with one plugin; without ``source`` its module is missing."""
    distribution = distribution or f"{name}_maker"
    module = module or f"{distribution}_plugin"
    metadata = shop / f"{distribution}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[console_scripts]\nx = y:z\n\n[git_kas]\n{name} = {module}\n")
    if source is not None:
        (shop / f"{module}.py").write_text(source)
