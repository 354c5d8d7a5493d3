"""The REST API, version 1."""

from fastapi import APIRouter

from watcher.web.api import (
    articles,
    changes,
    diagnoses,
    incidents,
    lists,
    operations,
    problems,
    regroup,
    reviews,
    sources,
    windows,
)


def routers() -> tuple[APIRouter, ...]:
    """All routes for programs."""
    return (
        operations.router,
        lists.router,
        incidents.router,
        regroup.router,
        reviews.router,
        sources.router,
        windows.router,
        diagnoses.router,
        articles.router,
        changes.router,
        problems.router,
    )
