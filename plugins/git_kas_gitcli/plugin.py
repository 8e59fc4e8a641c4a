"""Entry point ``gitcli``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.location import RepositoryLocation
    from git_kas.ports.branch_config import BranchConfig
    from git_kas.ports.contents import Contents
    from git_kas.ports.git import GitConfig, Porcelain, Repository
    from git_kas.ports.guarded import Guarded


def kas_git_config(environment: Mapping[str, str]) -> GitConfig:
    """Git's configuration, read by Git."""
    from git_kas_gitcli.config import GitProgramConfig

    return GitProgramConfig(environment)


def kas_repository(location: RepositoryLocation, environment: Mapping[str, str]) -> Repository:
    """References and history, read by Git's plumbing."""
    from git_kas_gitcli.repository import PlumbingRepository

    return PlumbingRepository(location, environment)


def kas_porcelain(environment: Mapping[str, str]) -> Porcelain:
    """What only the git program does right."""
    from git_kas_gitcli.porcelain import GitProgramPorcelain

    return GitProgramPorcelain(environment)


def kas_contents(location: RepositoryLocation, environment: Mapping[str, str]) -> Contents:
    """Trees and blobs, read by Git's plumbing."""
    from git_kas_gitcli.contents import PlumbingContents

    return PlumbingContents(location, environment)


def kas_branch_config(location: RepositoryLocation, environment: Mapping[str, str]) -> BranchConfig:
    """The repository's configuration file, changed under Git's lock."""
    from git_kas_gitcli.branch_config import FileBranchConfig

    return FileBranchConfig(location.common_dir, environment)


def kas_guarded(location: RepositoryLocation, environment: Mapping[str, str]) -> Guarded:
    """What is staged and what is pushed, read by Git's plumbing."""
    from git_kas_gitcli.guarded import PlumbingGuarded

    return PlumbingGuarded(location, environment)
