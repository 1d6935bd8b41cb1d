#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/command.h"

namespace isobar::tools {

void add_version(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("version", "Version, compiler and formats");
  auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "One JSON object");
  sub->callback([&chosen, json] {
    chosen = [json] {
      if (*json) {
        const nlohmann::ordered_json object = {{"format", "isobar-version/1"},
                                               {"version", ISOBAR_VERSION},
                                               {"compiler", __VERSION__},
                                               {"systemc", ISOBAR_HAS_SYSTEMC != 0}};
        std::printf("%s\n", object.dump().c_str());
      } else {
        std::printf(
            "isobar %s\ncompiled with %s, %s\n", ISOBAR_VERSION, __VERSION__,
            ISOBAR_HAS_SYSTEMC != 0 ? "with the SystemC platform" : "without SystemC (no timed runs)");
      }
      return ExitStatus::AsExpected;
    };
  });
}

}  // namespace isobar::tools
