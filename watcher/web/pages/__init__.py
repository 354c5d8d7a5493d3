"""The pages for people."""

from fastapi import APIRouter

from watcher.web.pages import (
    articles,
    changes,
    go,
    incidents,
    lists,
    login,
    problem_new,
    problems,
    regroup,
    reviews,
    runbooks,
    sources,
    windows,
)


def routers() -> tuple[APIRouter, ...]:
    """All routes for people."""
    return (
        login.router,
        go.router,
        articles.router,
        changes.router,
        incidents.router,
        lists.router,
        # Before what is at an address with a number.
        problem_new.router,
        problems.router,
        regroup.router,
        reviews.router,
        runbooks.router,
        sources.router,
        windows.router,
    )
