#include "scenarios/import/litmus_options.h"
#include "support/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace isobar::scenarios {
namespace {

enum class Effect : u8 {
  None, Mixed, ExS, Eis, Eos, Ets2, Ets3, Tags, TagsSynchronous, TagsAsynchronous, TagsAsymmetric, TagsStoreOnly,
  Translation, StopAtFaults, SkipFaults, RetryFaults, Morello, Nested
};

struct Variant {
  std::string_view name;
  Effect effect;
};
/// Variants that say what the reference must be able to do, which the model always can, have no effect.
constexpr std::array<Variant, 26> kVariants{
    {{"ifetch", Effect::None},      {"self", Effect::None},
     {"mixed", Effect::Mixed},      {"neon", Effect::None},
     {"fatal", Effect::StopAtFaults},       {"exs", Effect::ExS},
     {"eis", Effect::Eis},          {"eos", Effect::Eos},
     {"memtag", Effect::Tags},      {"mte", Effect::Tags},
     {"sync", Effect::TagsSynchronous},       {"async", Effect::TagsAsynchronous},
     {"asym", Effect::TagsAsymmetric},        {"asymmetric", Effect::TagsAsymmetric},
     {"precise", Effect::TagsSynchronous},    {"imprecise", Effect::TagsAsynchronous},
     {"store-only", Effect::TagsStoreOnly},   {"handled", Effect::RetryFaults},
     {"skip", Effect::SkipFaults},  {"faulttonext", Effect::SkipFaults},
     {"vmsa", Effect::Translation}, {"kvm", Effect::Translation},
     {"ets2", Effect::Ets2},        {"ets3", Effect::Ets3},
     {"morello", Effect::Morello},  {"nv2", Effect::Nested}}};

/// The words of a list separated by commas and blanks.
std::vector<std::string> words(std::string_view list) {
  std::vector<std::string> r(1);
  for (const char c : list) {
    if (c != ',' && c != ' ' && c != '\t') {
      r.back() += c;
    } else if (!r.back().empty()) {
      r.emplace_back();
    }
  }
  if (r.back().empty()) r.pop_back();
  return r;
}

/// A setting with the place to blame for it.
struct Setting {
  std::string value;
  Location where;
};

class Reader {
 public:
  Reader(const LitmusTest& test, unsigned threads, const LitmusOptions& options)
      : test_(test), options_(options) {
    config_.cores = threads;
    config_.line_bytes = options.line_bytes;
    config_.force_broadcast = true;
  }

  LitmusMachine read() {
    for (const LitmusInfo& info : test_.info) {
      const std::string key = lower(info.key);
      const Location where{test_.file, info.value_where.line, info.value_where.column};
      if (key == "variant") add_variants(info.value, where);
      if (key == "cachetype") cache_type(info.value, where);
      if (key == "tthm") hardware_updates(info.value, where);
      if (key == "el0") machine_.el0 = threads_of({info.value, where});
      if (key == "tso") tso_ = {info.value, where};
      if (key == "tsoflavour") flavour_ = {info.value, where};
    }
    for (const std::string& v : options_.variants) add_variants(v, {"--variant", 0, 0});
    if (options_.tso) tso_ = {*options_.tso, {"--tso", 0, 0}};
    if (options_.tso_flavour) flavour_ = {*options_.tso_flavour, {"--tso-flavour", 0, 0}};
    if (exs_) {
      config_.eis = eis_;
      config_.eos = eos_;
    }
    const std::vector<bool> tso = threads_of(tso_);
    for (unsigned c = 0; c < config_.cores; ++c) config_.core[c].tso_at_reset = tso[c];
    flavour();
    if (config_.tagging) tag_checks();
    return machine_;
  }

 private:
  void add_variants(std::string_view list, const Location& where) {
    for (const std::string& word : words(list)) {
      const std::string name = lower(word);
      if (name == "ha" || name == "hd") {
        hardware_updates(word, where);
        continue;
      }
      const auto it =
          std::find_if(kVariants.begin(), kVariants.end(), [&](const Variant& v) { return v.name == name; });
      if (it == kVariants.end())
        throw InputError(Diagnostic{where, fmt::format("unknown variant '{}'", word)});
      apply(it->effect, word, where);
    }
  }

  void apply(Effect effect, const std::string& word, const Location& where) {
    const char* why = nullptr;
    switch (effect) {
      case Effect::None: return;
      case Effect::Mixed: machine_.mixed_sizes = true; return;
      case Effect::ExS: exs_ = true; return;
      case Effect::Eis: eis_ = true; return;
      case Effect::Eos: eos_ = true; return;
      case Effect::Tags: config_.tagging = config_.checked_handlers = true; return;
      case Effect::TagsSynchronous: checks_ = model::TagChecks::Synchronous; return;
      case Effect::TagsAsynchronous: checks_ = model::TagChecks::Asynchronous; return;
      case Effect::TagsAsymmetric: checks_ = model::TagChecks::Asymmetric; return;
      case Effect::TagsStoreOnly: store_only_ = true; return;
      case Effect::Translation: machine_.page_tables = true; return;
      case Effect::StopAtFaults: machine_.untaken = model::UntakenException::Stops; return;
      case Effect::SkipFaults: machine_.untaken = model::UntakenException::Skips; return;
      case Effect::RetryFaults: machine_.untaken = model::UntakenException::Retries; return;
      case Effect::Ets2: config_.ets2 = true; return;
      case Effect::Ets3: why = "FEAT_ETS3 is not modelled"; break;
      case Effect::Morello: why = "capabilities are not modelled"; break;
      case Effect::Nested: why = "nested virtualisation is not modelled"; break;
    }
    throw UnsupportedError(where, fmt::format("variant {}: {}", word, why));
  }

  /// TTHM=HA, or for single threads: TTHM=P0:HA P1:HD. HD includes HA.
  void hardware_updates(std::string_view list, const Location& where) {
    for (const std::string& word : words(list)) {
      const std::size_t colon = word.find(':');
      const std::string what = lower(colon == std::string::npos ? word : word.substr(colon + 1));
      if (what != "ha" && what != "hd")
        throw InputError(Diagnostic{where, fmt::format("expected HA or HD in TTHM, found '{}'", word)});
      const std::vector<bool> chosen = threads_of({colon == std::string::npos ? "all" : word.substr(0, colon), where});
      for (unsigned c = 0; c < config_.cores; ++c) {
        if (!chosen[c]) continue;
        config_.core[c].access_flag_updates = true;
        if (what == "hd") config_.core[c].dirty_updates = true;
      }
    }
  }

  void tag_checks() {
    for (unsigned c = 0; c < config_.cores; ++c) {
      config_.core[c].tag_checks = checks_;
      config_.core[c].tag_store_only = store_only_;
    }
  }

  void cache_type(std::string_view list, const Location& where) {
    for (const std::string& word : words(list)) {
      const std::string name = lower(word);
      if (name == "dic") {
        config_.dic = config_.idc = true;  // the reference has no machine with DIC alone
      } else if (name == "idc") {
        config_.idc = true;
      } else {
        throw InputError(Diagnostic{where, fmt::format("expected DIC or IDC, found '{}'", word)});
      }
    }
  }

  /// "all", "none" or a list such as "P0,P2".
  std::vector<bool> threads_of(const Setting& setting) const {
    std::vector<bool> chosen(config_.cores, false);
    for (const std::string& word : words(setting.value)) {
      const std::string name = lower(word);
      if (name == "none") continue;
      unsigned n = 0;
      bool number = name.size() > 1 && name.size() < 4 && name[0] == 'p';
      for (std::size_t i = 1; number && i < name.size(); ++i) {
        number = name[i] >= '0' && name[i] <= '9';
        n = 10 * n + static_cast<unsigned>(name[i] - '0');
      }
      if (name != "all" && (!number || n >= config_.cores)) {
        throw InputError(
            Diagnostic{setting.where, fmt::format("expected all, none or threads from P0 to P{}, found '{}'",
                                                  config_.cores - 1, word)});
      }
      for (unsigned c = 0; c < config_.cores; ++c)
        if (name == "all" || c == n) chosen[c] = true;
    }
    return chosen;
  }

  void flavour() {
    const std::string name = lower(flavour_.value);
    if (name == "t2") {
      config_.flavour = model::TsoFlavour::T2;
    } else if (name == "t3") {
      config_.flavour = model::TsoFlavour::T3;
    } else if (!name.empty() && name != "t1") {
      throw InputError(
          Diagnostic{flavour_.where, fmt::format("expected t1, t2 or t3, found '{}'", flavour_.value)});
    }
  }

  const LitmusTest& test_;
  const LitmusOptions& options_;
  LitmusMachine machine_;
  model::MachineConfig& config_ = machine_.config;
  Setting tso_, flavour_;
  model::TagChecks checks_ = model::TagChecks::Synchronous;
  bool store_only_ = false;
  bool exs_ = false, eis_ = false, eos_ = false;
};

}  // namespace

LitmusMachine litmus_machine(const LitmusTest& test, unsigned threads, const LitmusOptions& options) {
  return Reader(test, threads, options).read();
}

}  // namespace isobar::scenarios
