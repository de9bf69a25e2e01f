"""The journal and the baselines on disk. `open_store` for the daemon, `open_readonly` for everybody else."""

from daemon.store.contract import (
    BaselineExists,
    BaselineSummary,
    Draft,
    NotAStore,
    Reader,
    SchemaTooNew,
    Store,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
)
from daemon.store.opening import open_readonly, open_store

__all__ = [
    "BaselineExists",
    "BaselineSummary",
    "Draft",
    "NotAStore",
    "Reader",
    "SchemaTooNew",
    "Store",
    "StoreBusy",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
    "open_readonly",
    "open_store",
]
