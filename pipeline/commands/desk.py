"""`fanal desk`: the page that lists hits."""

import asyncio
from contextlib import suppress

import click

from pipeline.commands import parts
from pipeline.errors import ConfigurationError
from pipeline.resources import taxonomy
from pipeline.settings import Settings


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Instead of FANAL_SERVE_DESK_PORT (8765).")
def desk(port: int | None) -> None:
    """Serve the page that lists hits, newest first, on loopback unless FANAL_SERVE_HOST says otherwise."""
    try:
        from pipeline.desk.serve import serve
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"the desk needs {error.name}; install the extra: pip install 'fanal[desk]'") from None
    settings = Settings.read()

    def say(url: str) -> None:
        click.echo(f"hits are listed at {url}", err=True)

    async def go() -> None:
        store = parts.store(settings)
        try:
            await serve(
                store, settings.serve.host, settings.serve.desk_port if port is None else port, taxonomy(), started=say
            )
        finally:
            await store.close()

    with suppress(KeyboardInterrupt):
        asyncio.run(go())
