// Kits: what was recorded comes back from JSON, and it is all that a reader of the test asks for.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "session/kit.h"
#include "support/diagnostic.h"

namespace isobar::session {
namespace {

std::string text_of_file(const std::string& file) {
  std::ifstream in(std::string(ISOBAR_SOURCE_DIR) + "/" + file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Kit recorded(const std::string& file) {
  Kit kit;
  KitRecorder recorder(kit);
  for (const Workload& w : parse_workloads(text_of_file(file), file, {})) {
    recorder.ask_for_words(w);
    recorder.ask_for_versions(w);
  }
  return kit;
}

TEST(Kit, ComesBackFromJson) {
  for (const char* file : {"scenarios/jit/publish.yaml", "scenarios/membarrier/dekker.yaml", "scenarios/classics/mp.yaml"}) {
    const Kit kit = recorded(file);
    EXPECT_EQ(kit.trees.size(), 1u) << file;
    EXPECT_FALSE(kit.answers.texts.empty()) << file;
    EXPECT_FALSE(kit.answers.instructions.empty()) << file;
    const auto once = json(kit);
    const Kit back = kit_of(nlohmann::ordered_json::parse(once.dump()));
    EXPECT_EQ(json(back), once) << file;
    for (const auto& [key, text] : kit.answers.texts) {
      const isa::Assembly& a = text.assembly;
      const isa::Assembly& b = back.answers.texts.at(key).assembly;
      EXPECT_TRUE(a.base == b.base && a.bytes == b.bytes && a.labels == b.labels && a.line_of_word == b.line_of_word);
    }
    EXPECT_EQ(kit.answers.instructions, back.answers.instructions);
  }
}

TEST(Kit, RecordsOnlyWhileItsRecorderLives) {
  Kit kit;
  isa::disassemble(0xd503201f);
  { KitRecorder recorder(kit); EXPECT_FALSE(isa::assemble_word("no such instruction")); }
  isa::assemble_word("NOP");
  ASSERT_EQ(kit.answers.words.size(), 1u);
  EXPECT_FALSE(kit.answers.words.begin()->second.why.empty());
  EXPECT_TRUE(kit.answers.instructions.empty());
}

TEST(Kit, QuestionsDifferInEverythingThatMatters) {
  const isa::AssemblerOptions plain;
  isa::AssemblerOptions other = plain;
  other.symbols["x"] = 1;
  isa::AssemblerOptions later = plain;
  later.first_line = 2;
  const Digest d = isa::question("nop", 0, plain);
  EXPECT_NE(d, isa::question("nop ", 0, plain));
  EXPECT_NE(d, isa::question("nop", 4, plain));
  EXPECT_NE(d, isa::question("nop", 0, other));
  EXPECT_NE(d, isa::question("nop", 0, later));
  EXPECT_EQ(d, isa::question("nop", 0, {}));
}

TEST(Kit, RefusesWhatIsNone) {
  for (const char* text : {"{}", R"({"format":"isobar-kit/2"})", R"({"format":"isobar-kit/1","texts":[]})", "[]",
                           R"({"format":"isobar-kit/1","texts":[[1,2,[0,"0",{},[],[]]]],"words":[],"instructions":[],"trees":[]})",
                           R"({"format":"isobar-kit/1","texts":[],"words":[],"instructions":[],"trees":[["",[9,0,1,1,1,1]]]})"})
    EXPECT_THROW(kit_of(nlohmann::ordered_json::parse(text)), InputError) << text;
}

}  // namespace
}  // namespace isobar::session
