    #: State of the schema, set on every error that chatkeep raises:
    #:
    #: - ``behind``: migrations are pending.
    #: - ``newer``: a later version of chatkeep has run migrations.
    #: - ``changed``: a migration file changed after it was run.
    #: - ``missing``: the file of a migration that was run is missing.
    #: - ``out_of_order``: a migration was added before others that were run.
    #: - ``dirty``: a migration is running, or was interrupted.
    #: - ``failed``: the database rejected a migration.
    #: - ``unfinished``: a copy or restore into the database is not complete.
    state: SchemaErrorState | None

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        retryable: bool = False,
        operation: str | None = None,
        state: SchemaErrorState | None = None,
    ) -> None:
        super().__init__(message, field=field, retryable=retryable, operation=operation)
        self.state = state
