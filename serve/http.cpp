#include "serve/http.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "support/diagnostic.h"

namespace isobar::serve {

namespace {

constexpr int kPollMilliseconds = 100;

/// What ends a request early.
struct Refused {
  int status = 400;
  const char* why = "";
};

/// The other side has gone or is too slow.
struct Gone {};

const char* reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 431: return "Request Header Fields Too Large";
    default: return "Internal Server Error";
  }
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct Head {
  std::string method, path;
  std::map<std::string, std::string> field;  ///< names in lower case
};

Head parse_head(const std::string& text) {
  Head h;
  const std::size_t line_end = text.find("\r\n");
  const std::string line = text.substr(0, line_end);
  const std::size_t a = line.find(' '), b = line.find(' ', a == std::string::npos ? a : a + 1);
  if (a == std::string::npos || b == std::string::npos || line.compare(b + 1, 7, "HTTP/1.") != 0)
    throw Refused{400, "the request line is not HTTP/1"};
  h.method = line.substr(0, a);
  h.path = line.substr(a + 1, b - a - 1);
  for (std::size_t at = line_end + 2; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    const std::string row = text.substr(at, end - at);
    at = end == std::string::npos ? text.size() : end + 2;
    if (row.empty()) break;
    const std::size_t colon = row.find(':');
    if (colon == std::string::npos || colon == 0) throw Refused{400, "a header field has no name"};
    if (!h.field.emplace(lower(row.substr(0, colon)), trimmed(row.substr(colon + 1))).second)
      throw Refused{400, "a header field is given twice"};
  }
  return h;
}

/// Reading from and writing to one connection, with a deadline.
class Connection {
 public:
  Connection(int socket, unsigned seconds)
      : socket_(socket), deadline_(std::chrono::steady_clock::now() + std::chrono::seconds(seconds)) {}

  /// Appends what has arrived to `to`.
  void receive(std::string& to) {
    wait(POLLIN);
    char buffer[16 << 10];
    const ssize_t n = recv(socket_, buffer, sizeof buffer, 0);
    if (n <= 0) throw Gone{};
    to.append(buffer, static_cast<std::size_t>(n));
  }

  void send_all(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      wait(POLLOUT);
      const ssize_t n = send(socket_, text.data() + at, text.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN && errno != EINTR) throw Gone{};
      if (n > 0) at += static_cast<std::size_t>(n);
    }
  }

 private:
  void wait(short events) const {
    using std::chrono::milliseconds;
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - std::chrono::steady_clock::now());
    pollfd p{socket_, events, 0};
    if (left.count() <= 0 || poll(&p, 1, static_cast<int>(left.count())) <= 0) throw Gone{};
  }

  int socket_;
  std::chrono::steady_clock::time_point deadline_;
};

std::optional<std::size_t> content_length(const Head& h) {
  const auto found = h.field.find("content-length");
  if (h.field.count("transfer-encoding") != 0) throw Refused{411, "send a Content-Length, not chunks"};
  if (found == h.field.end()) return std::nullopt;
  std::size_t n = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error == std::errc::result_out_of_range) throw Refused{413, "the request is too large"};
  if (error != std::errc{} || end != text.data() + text.size()) throw Refused{400, "Content-Length is not a number"};
  return n;
}

/// A page of another origin may not use the server, nor may one whose name was made to resolve to this machine.
void check_origin(const Head& h, u16 port) {
  const std::string hosts[] = {fmt::format("127.0.0.1:{}", port), fmt::format("localhost:{}", port)};
  const auto host = h.field.find("host");
  if (host == h.field.end()) throw Refused{400, "there is no Host"};
  if (std::find(std::begin(hosts), std::end(hosts), host->second) == std::end(hosts))
    throw Refused{403, "this host is not served"};
  const auto origin = h.field.find("origin");
  if (origin != h.field.end() && origin->second != "http://" + host->second)
    throw Refused{403, "requests of other origins are refused"};
}

Response refusal(const Refused& r) {
  return {r.status, "application/json",
          fmt::format("{{\"format\":\"isobar-session/1\",\"error\":\"{}\",\"diagnostics\":[]}}\n", r.why)};
}

std::string on_the_wire(const Response& r) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n"
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
      "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
      "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n",
      r.status, reason(r.status), r.type, r.body.size());
}

}  // namespace

HttpServer::HttpServer(u16 port, Handler handler, HttpLimits limits)
    : handler_(std::move(handler)), limits_(limits) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  const bool listening = listener_ >= 0 && setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                         bind(listener_, raw, size) == 0 && listen(listener_, 64) == 0 &&
                         getsockname(listener_, raw, &size) == 0;
  if (!listening) {
    const std::string why = std::strerror(errno);
    if (listener_ >= 0) close(listener_);
    throw InputError(Diagnostic{{}, fmt::format("cannot listen on port {} of 127.0.0.1: {}", port, why)});
  }
  port_ = ntohs(address.sin_port);
}

HttpServer::~HttpServer() {
  while (active_ != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  close(listener_);
}

Response HttpServer::answer(int socket) const {
  Connection in(socket, limits_.seconds);
  std::string text;
  std::size_t end = std::string::npos;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    if (text.size() > limits_.head_bytes) throw Refused{431, "the header is too large"};
    in.receive(text);
  }
  if (end > limits_.head_bytes) throw Refused{431, "the header is too large"};
  const Head head = parse_head(text.substr(0, end + 2));
  check_origin(head, port_);
  Request request{head.method, head.path, text.substr(end + 4)};
  const std::optional<std::size_t> length = content_length(head);
  if (head.method == "POST") {
    if (!length) throw Refused{411, "there is no Content-Length"};
    const auto type = head.field.find("content-type");
    if (type == head.field.end() || lower(type->second).rfind("application/json", 0) != 0)
      throw Refused{415, "expected Content-Type: application/json"};
  } else if (head.method != "GET") {
    throw Refused{405, "expected GET or POST"};
  }
  if (length.value_or(0) > limits_.body_bytes) throw Refused{413, "the request is too large"};
  while (request.body.size() < length.value_or(0)) in.receive(request.body);
  request.body.resize(length.value_or(0));
  return handler_(request);
}

void HttpServer::serve_connection(int socket) const {
  try {
    Response r;
    try {
      r = answer(socket);
    } catch (const Refused& refused) {
      r = refusal(refused);
    } catch (const std::exception& e) {
      r = refusal({500, "internal error"});
      std::fprintf(stderr, "isobar: internal error: %s\n", e.what());
    }
    Connection out(socket, limits_.seconds);
    out.send_all(on_the_wire(r) + r.body);
    // What was sent but not read would make the kernel reset the connection before the answer is taken.
    shutdown(socket, SHUT_WR);
    std::string rest;
    Connection drain(socket, 1);
    while (rest.size() < 8 * limits_.body_bytes) drain.receive(rest);
  } catch (const Gone&) {
    // Nobody is left to be told.
  }
}

void HttpServer::run(const std::atomic<bool>& stop) {
  while (!stop) {
    pollfd p{listener_, POLLIN, 0};
    const bool full = active_ >= limits_.connections;
    if (full) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    if (poll(&p, 1, kPollMilliseconds) <= 0) continue;
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++active_;
    std::thread([this, socket] {
      serve_connection(socket);
      close(socket);
      --active_;
    }).detach();
  }
  while (active_ != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace isobar::serve
