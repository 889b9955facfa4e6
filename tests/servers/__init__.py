"""Real servers for tests, on loopback: nothing here imports the application.

`PostgresServer`, `ValkeyServer`, `SmtpServer` and `HttpServer` are context managers.
The first two are programs of their own and end with the test process, however it ends.
"""
