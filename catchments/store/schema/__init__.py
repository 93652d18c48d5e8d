"""The schema: every table of a store, by its name; the migrations make them."""

from catchments.store.schema.accounts import (
    authenticator,
    kept_form,
    letter,
    passkey,
    person,
    recovery_code,
    secret,
    session,
    sign_in_budget,
)
from catchments.store.schema.base import ONLY_ON_POSTGRESQL, is_ours, metadata
from catchments.store.schema.basemap import basemap, basemap_cell
from catchments.store.schema.lists import (
    absence_rate,
    alias,
    alias_upload,
    api_key,
    artefact,
    boundary,
    delivery,
    directory_release,
    draft,
    draft_change,
    draft_comment,
    draft_upload,
    edition,
    edition_catchment,
    edition_in_school_provision,
    edition_listing,
    edition_provider,
    edition_source,
    finding_explained,
    notice,
    school,
    source,
    webhook,
)
from catchments.store.schema.site import content_check, content_version, mistake_report
from catchments.store.schema.trail import audit_entry, kept_rows, trail_sent
