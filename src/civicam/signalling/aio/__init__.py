"""The only sockets of the signalling room."""

from civicam.signalling.aio.agent import SipAgent
from civicam.signalling.aio.invitation import Invitation

__all__ = ["Invitation", "SipAgent"]
