"""How every list and every single row is read."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from orjson import Fragment
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from api.filters import Changed, require_known
from api.pagination import after, next_link, page_size
from api.permissions import reader_of
from clinic.queries_json import Feed, Reader, as_text

NO_PARAMETERS: frozenset[str] = frozenset()


class Resource(GenericAPIView[Any]):
    """Rows of one kind."""

    feed: ClassVar[Feed]
    filterset_class: ClassVar[type[Changed]]

    def get_queryset(self) -> QuerySet[Any]:
        """Only the published description asks here, without anybody asking."""
        return self.feed.rows(Reader(AnonymousUser(), (), timezone.now()))

    def read(self, rows: QuerySet[Any], reader: Reader) -> list[tuple[UUID, Fragment]]:
        """Key and JSON of each row. Everything that leaves the API passes here."""
        told = rows.annotate(_body=as_text(self.feed.body(reader))).values_list("pk", "_body")
        return [(key, Fragment(body)) for key, body in told]


class Listing(Resource):
    """One page after another, by the time-ordered key: one query for a page of any size."""

    def get(self, request: Request) -> Response:
        reader, size, last = reader_of(request), page_size(request), after(request)
        rows = self.filter_queryset(self.feed.rows(reader))
        rows = rows.filter(pk__gt=last) if last else rows
        # One more than asked for tells whether there is a next page.
        found = self.read(rows.order_by("pk")[: size + 1], reader)
        page = found[:size]
        more = next_link(request, page[-1][0]) if len(found) > size else None
        return Response({"next": more, "results": [body for _, body in page]})


class One(Resource):
    """One row, or a 404 that says nothing of whether it exists."""

    pagination_class = None

    def get(self, request: Request, pk: UUID) -> Response:
        require_known(request, NO_PARAMETERS)
        reader = reader_of(request)
        found = self.read(self.feed.rows(reader).filter(pk=pk), reader)
        if not found:
            raise Http404
        return Response(found[0][1])
