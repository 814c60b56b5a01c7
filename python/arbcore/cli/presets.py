"""``arbcore presets``."""


def presets(name: str | None = None, /, *, symbol: str | None = None) -> None:
    """List the presets, or print one as TOML, ready for a strategy file.

    Parameters
    ----------
    name
        A preset; without it all names are listed.
    symbol
        The symbol whose gates it gets (the factory presets imply theirs).
    """
    from rich.console import Console

    from arbcore.presets import preset, preset_names

    console = Console()
    if name is None:
        for known in preset_names():
            console.print(known, highlight=False)
        return
    for key, value in preset(name, symbol).to_dict().items():
        if value is not None:
            console.print(f"{key} = {_toml(value)}", highlight=False, markup=False, soft_wrap=True)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A JSON string is a TOML basic string.
        import json

        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return repr(value)
