"""Whose site it is, for every page: what their templates call `site_owner`, and the logo."""

from __future__ import annotations

from flask import Blueprint, Response, request

from catchments.core.errors import NotKnown
from catchments.core.site_owner import SiteOwner
from catchments.web.common.cache_control import A_MINUTE, FOR_GOOD
from catchments.web.common.query_parameters import refuse_unknown_or_repeated
from catchments.web.common.services import kept_by_content, service

blueprint = Blueprint("owner", __name__)


@blueprint.app_context_processor
def _site_owner() -> dict[str, SiteOwner]:
    """Let every template say whose site it is."""
    return {"site_owner": service().settings.owner}


@blueprint.get("/logo")
def logo() -> Response:
    """Give the owner's logo; `v` is its digest, under which it is kept for good."""
    refuse_unknown_or_repeated(request.args, {"v"})
    picture = service().settings.owner.logo
    if picture is None:
        raise NotKnown("This website has no logo.", next_step="CATCHMENTS_OWNER_LOGO sets one.")
    response = Response(picture.content, content_type=picture.media_type)
    kept = FOR_GOOD if request.args.get("v") == picture.digest else A_MINUTE
    return kept_by_content(response, kept)
