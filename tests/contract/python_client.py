"""Asks the service what an integrator asks it, by a client that was generated from the contract."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

from client import Client, models
from client.api.catchments import catchment, catchments
from client.api.editions import editions
from client.api.schools import school, schools
from client.api.what_changes import changes, feed
from client.api.who_serves import provider, resolve, search, suggest

PAGE = 4


def main(url: str) -> None:
    client = Client(base_url=url, raise_on_unexpected_status=True)
    numbers: list[int] = []
    pages = 0
    for offset in range(0, 3 * PAGE, PAGE):
        page = schools.sync(client=client, region="wellington", limit=PAGE, offset=offset)
        assert isinstance(page, models.SchoolList), page
        assert page.count == PAGE < page.total
        assert page.next_
        numbers += [each.school.school_id for each in page.items]
        pages += 1
    for number in numbers[:10]:
        answer = provider.sync(client=client, school_id=number)
        assert isinstance(answer, models.Answer), answer
        assert answer.status == models.Status.RESOLVED
        assert answer.provider
        assert answer.school
        assert answer.school.school_id == number
        assert school.sync(client=client, number=number) == answer
    point = provider.sync(client=client, lat=-36.8694, lng=174.7689)
    assert isinstance(point, models.Answer)
    assert point.basis == models.Basis.LOCATED
    typed = provider.sync(client=client, address="Kaitaia")
    assert isinstance(typed, models.Answer)
    assert typed.matches
    assert isinstance(search.sync(client=client, q="kaitaia"), models.Answer)
    assert isinstance(suggest.sync(client=client, q="kait"), models.Suggestions)
    refused = provider.sync_detailed(client=client)
    assert refused.status_code == 400
    assert isinstance(refused.parsed, models.Problem)
    assert str(refused.parsed.type_).endswith("/problems/missing-parameter")
    unknown = provider.sync(client=client, school_id=999_999_999)
    assert isinstance(unknown, models.Problem)
    listed = catchments.sync(client=client)
    assert isinstance(listed, models.CatchmentList)
    one = catchment.sync(client=client, code=listed.items[0].code)
    assert isinstance(one, models.OneCatchment)
    assert isinstance(editions.sync(client=client), models.EditionList)
    assert isinstance(changes.sync(client=client), models.ChangesPage)
    assert "<feed" in str(feed.sync(client=client))
    rows = resolve.sync(
        client=client,
        body=models.RowsAsked(
            rows=[
                models.RowOfSchool(school_id=numbers[0], id="a"),
                models.RowOfPoint(lng=174.7689, lat=-36.8694, id=2),
                models.RowOfAddress(address="Kaitaia"),
                models.RowOfPoint(lng=0.0, lat=-91.0),
            ]
        ),
    )
    assert isinstance(rows, models.ManyAnswered), rows
    ids = [each.id for each in rows.answers[:2]]
    assert ids == ["a", 2]
    assert rows.answers[3].status == models.RowAnsweredStatus.REFUSED
    assert rows.answers[3].error.kind == "out-of-range"
    many = resolve.sync(client=client, body=models.SchoolsAsked(school_ids=numbers))
    assert isinstance(many, models.ManyAnswered)
    assert many.count == len(numbers)
    print(f"{len(numbers[:10])} schools, {pages} pages, {len(rows.answers)} rows")


if __name__ == "__main__":
    main(sys.argv[1])
