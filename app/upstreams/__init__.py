"""Identity from elsewhere: one file a kind, and here the list of what there is."""

from collections.abc import Mapping

from app.upstreams.protocol import Kind

_ALL: tuple[Kind, ...] = ()
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
