#include "serve/export_page.h"

#include <string_view>

#include "serve/page.h"

namespace isobar::serve {

namespace {

using Json = nlohmann::ordered_json;

std::string base64_of(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (unsigned k = 0; k < 4; ++k) out += k <= count ? kDigits[group >> (18 - 6 * k) & 63u] : '=';
  }
  return out;
}

std::string text_of_json(const Json& o) { return o.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// The page with `data` for its script. A '<' in a string could end the script.
std::string with_data(const Json& data) {
  const std::string head = "<head>";
  std::string out(page());
  std::string script = "<script>window.ISOBAR_EXPORT=";
  for (const char c : text_of_json(data)) {
    if (c == '<') {
      script += "\\u003c";
    } else {
      script += c;
    }
  }
  script += "</script>";
  return out.insert(out.find(head) + head.size(), script);
}

}  // namespace

Answer export_page(Service& service, const std::string& body) {
  const Answer opened = service.handle("open", body);
  if (opened.status != 200) return opened;
  const std::string session = Json{{"session", opened.json["session"]}}.dump();
  const Answer run = service.handle("record", session);
  service.handle("close", session);
  if (run.status != 200) return run;
  const Json request = Json::parse(body);
  Json data = {{"recording",
                {{"title", opened.json["title"]},
                 {"cores", opened.json["cores"]},
                 {"position", 0},
                 {"states", run.json["states"]}}}};
  if (!core().empty()) {
    const Json text = request["text"], file = request.value("file", "test.yaml");
    const Answer kit = service.handle("kit", text_of_json({{"text", text}, {"file", file}}));
    if (kit.status != 200) return kit;
    data["link"] = {{"text", text}, {"file", file}, {"variant", opened.json["variant"]}, {"change", opened.json["change"]},
                    {"settings", request.value("settings", Json::object())}, {"steps", request.value("steps", Json::array())}};
    data["example"] = {{"name", opened.json["name"]}, {"file", file}, {"text", text}};
    if (request.contains("lesson")) data["example"]["lesson"] = request["lesson"];
    data["kit"] = kit.json["kit"];
    data["core"] = base64_of(core());
  }
  return {200, {{"format", kSessionFormat}, {"name", opened.json["name"]}, {"page", with_data(data)}}};
}

}  // namespace isobar::serve
