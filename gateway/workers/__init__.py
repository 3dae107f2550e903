"""One module a kind of worker; each offers `worker: WorkerKind`."""
