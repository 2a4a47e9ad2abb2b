"""Two fits side by side."""

from __future__ import annotations

from skeldir.fits.schemas import ChannelFit, ComparedChannel, Fit, Part

_NOTHING = Part(0.0, None, None)


def compare_fits(fit: Fit, other: Fit) -> list[ComparedChannel]:
    """Return the channels of both fits with their shares of the conversions, the largest difference first.

    A channel that one of the fits does not know earns nothing by it, without an interval.
    """
    ones = {each.channel: each for each in fit.result.channels}
    others = {each.channel: each for each in other.result.channels}
    compared = [
        _compare(channel, ones.get(channel), others.get(channel)) for channel in ones | others
    ]
    return sorted(compared, key=lambda each: (-abs(each.difference), each.channel))


def _compare(channel: str, one: ChannelFit | None, other: ChannelFit | None) -> ComparedChannel:
    share = _NOTHING if one is None else one.share
    other_share = _NOTHING if other is None else other.share
    ends = (share.lower, share.upper, other_share.lower, other_share.upper)
    meet = None
    if None not in ends:
        lower, upper, other_lower, other_upper = (end or 0.0 for end in ends)
        meet = lower <= other_upper and other_lower <= upper
    return ComparedChannel(channel, share, other_share, other_share.value - share.value, meet)
