"""What these tests share."""

import pytest

from tests.device_code.devices import DeviceFactory
from tests.support.oauth import Protocol


@pytest.fixture
def devices(protocol: Protocol) -> DeviceFactory:
    """Devices that ask over HTTP."""
    return DeviceFactory(protocol)
