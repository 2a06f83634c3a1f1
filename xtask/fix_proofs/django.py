from django.http import HttpResponse, JsonResponse
from django.urls import path

PAGE = "https://app.example"
SECRET_KEY = "of no use"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "application"
INSTALLED_APPS = []
MIDDLEWARE = ["application.refuse", "django.middleware.security.SecurityMiddleware"]

# TEXT


def refuse(get_response):
    def middleware(request):
        if request.path == "/private" and request.headers.get("authorization") != "Basic dTpw":
            return HttpResponse(status=401)
        if request.path == "/missing" and request.method == "OPTIONS":
            return HttpResponse(status=404)
        return get_response(request)

    return middleware


def answer(request, odd=None):
    return HttpResponse(status=405) if request.method == "OPTIONS" else JsonResponse({})


def own(value):
    """What sets the header by itself, unless it was taken out."""

    def view(request):
        response = JsonResponse({})
        if request.path != "TAKEN_OUT":
            response["Access-Control-Allow-Origin"] = value
        return response

    return view


def granting(methods, view):
    def grant(request):
        if request.method != "OPTIONS":
            return view(request)
        headers = {
            "Access-Control-Allow-Origin": PAGE,
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": "api-key, content-type",
        }
        return HttpResponse(status=204, headers=headers)

    return grant


def error(request):
    raise RuntimeError("the application failed")


OPEN = ["closed", "account", "sandbox", "untouched", "unrouted", "missing", "private"]
urlpatterns = [path(name, answer) for name in OPEN] + [
    path("granted", granting("PATCH", answer)),
    path("method", granting("GET", own(PAGE))),
    path("wildcard", own("*")),
    path("doubled", own(f"{PAGE}, {PAGE}")),
    path("error", error),
    path("<str:odd>", answer),
]
