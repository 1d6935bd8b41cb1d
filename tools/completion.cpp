#include "tools/completion.h"

#include <fmt/format.h>

#include <vector>

namespace isobar::tools {

namespace {

/// A command as it is typed: "run", "mapping check".
struct Command {
  std::string words;
  const CLI::App* app = nullptr;
};

void collect(const CLI::App& app, const std::string& before, std::vector<Command>& out) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string words = before + sub->get_name();
    out.push_back({words, sub});
    collect(*sub, words + " ", out);
  }
}

std::vector<Command> commands(const CLI::App& app) {
  std::vector<Command> all;
  collect(app, "", all);
  return all;
}

std::string subcommand_names(const CLI::App& app) {
  std::string names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names += (names.empty() ? "" : " ") + sub->get_name();
  return names;
}

/// "--json --seed -j".
std::string option_names(const CLI::App& app) {
  std::string names;
  for (const CLI::Option* o : app.get_options()) {
    for (const std::string& n : o->get_lnames()) names += " --" + n;
    for (const std::string& n : o->get_snames()) names += " -" + n;
  }
  return names.empty() ? names : names.substr(1);
}

std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("\\'") : std::string(1, c);
  return "'" + out + "'";
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::string cases;
  for (const Command& c : commands(app)) {
    const std::string names = subcommand_names(*c.app);
    cases += fmt::format("    '{}') words='{}{}{}' ;;\n", c.words, names, names.empty() ? "" : " ", option_names(*c.app));
  }
  return fmt::format(R"(# Completion of isobar for bash: source this file.
_isobar() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} command= words= word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in
      -*) ;;
      *) [[ " {} " == *" $word "* ]] && command="${{command:+$command }}$word" ;;
    esac
  done
  case $command in
    '') words='{} {}' ;;
{}  esac
  if [[ $current == -* || -z $command || " $words" != *' -'* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -W "${{words%%-*}}" -- "$current") $(compgen -f -- "$current"))
  fi
}}
complete -o filenames -F _isobar isobar
)",
                     [&] {
                       std::string all;
                       for (const Command& c : commands(app)) all += (all.empty() ? "" : " ") + c.app->get_name();
                       return all;
                     }(),
                     subcommand_names(app), option_names(app), cases);
}

std::string zsh_completion(const CLI::App& app) {
  return "autoload -U +X bashcompinit && bashcompinit\n" + bash_completion(app);
}

std::string fish_completion(const CLI::App& app) {
  std::string out = "# Completion of isobar for fish: put it into ~/.config/fish/completions/isobar.fish.\n";
  for (const Command& c : commands(app)) {
    const std::size_t blank = c.words.rfind(' ');
    const std::string before = blank == std::string::npos ? "" : c.words.substr(0, blank);
    out += fmt::format("complete -c isobar -n {} -a {} -d {}{}\n",
                       quoted(before.empty() ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + before),
                       c.app->get_name(), quoted(c.app->get_description()), before.empty() ? "" : " -f");
    for (const CLI::Option* o : c.app->get_options()) {
      for (const std::string& n : o->get_lnames())
        out += fmt::format("complete -c isobar -n {} -l {} -d {}{}\n",
                           quoted("__fish_seen_subcommand_from " + c.app->get_name()), n, quoted(o->get_description()),
                           o->get_items_expected_max() > 0 ? " -r" : "");
    }
  }
  return out;
}

}  // namespace isobar::tools
