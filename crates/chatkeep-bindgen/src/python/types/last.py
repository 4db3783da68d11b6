class DatabaseHealth(TypedDict):
    """Response of ``/health/db-pool``; ``error`` is the kind of the error."""

    status: Literal["healthy", "unhealthy"]
    engine: str
    latency_ms: float | None
    schema: str | None
    error: str | None
    pool: PoolStatus
