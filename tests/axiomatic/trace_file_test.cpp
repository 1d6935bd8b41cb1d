// Trace files: what is written is read back, and what is wrong is reported where it stands.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "support/diagnostic.h"
#include "trace/trace_file.h"

namespace isobar::trace {
namespace {

Trace example() {
  Trace t;
  t.header.name = "MP \"quoted\"";
  t.header.source_file = "mp.litmus";
  t.header.source_text = "AArch64 MP\n{ }\n\ttab, \\ and \xc3\xa9\n";
  t.header.variant = "v1";
  t.header.seed = ~u64{0};
  t.header.driver = "random";
  t.header.machine = {{"tso", "P0"}, {"speculation", "prune"}};
  t.steps = {{"fetch", 0, 0, 0}, {"satisfy read", 1, 3, 0}, {"forward read", 15, 255, 65535}};
  t.footer = TraceFooter{{{"0:X1", "0x1"}, {"[x]", "0x2"}}, Digest{0x0123456789abcdef, 0xfedcba9876543210}, true};
  return t;
}

std::string text_of(const Trace& t) {
  std::ostringstream out;
  write_trace(out, t);
  return out.str();
}
Trace read(const std::string& text) {
  std::istringstream in(text);
  return read_trace(in, "t.trace");
}

TEST(TraceFile, IsReadBackAsWritten) {
  const Trace t = example(), back = read(text_of(t));
  EXPECT_EQ(back.header.name, t.header.name);
  EXPECT_EQ(back.header.source_file, t.header.source_file);
  EXPECT_EQ(back.header.source_text, t.header.source_text);
  EXPECT_EQ(back.header.variant, t.header.variant);
  EXPECT_EQ(back.header.seed, t.header.seed);
  EXPECT_EQ(back.header.driver, t.header.driver);
  EXPECT_EQ(back.header.machine, t.header.machine);
  EXPECT_EQ(back.steps, t.steps);
  EXPECT_EQ(back.line, (std::vector<u32>{2, 3, 4}));
  ASSERT_TRUE(back.footer.has_value());
  EXPECT_EQ(back.footer->outcome, t.footer->outcome);
  EXPECT_EQ(back.footer->digest, t.footer->digest);
  EXPECT_TRUE(back.footer->complete);
  EXPECT_EQ(text_of(back), text_of(t));
}

TEST(TraceFile, WithoutFooterWasCutOff) {
  Trace t = example();
  t.footer.reset();
  EXPECT_FALSE(read(text_of(t)).footer.has_value());
}

struct Broken {
  const char* what;
  std::size_t line;         ///< which line of the example is replaced, from 0; past the end: added
  const char* replacement;
  const char* expected;     ///< in the diagnostic
};
class BrokenTrace : public testing::TestWithParam<Broken> {};

TEST_P(BrokenTrace, IsReportedWithItsLine) {
  const Broken& b = GetParam();
  std::vector<std::string> lines;
  std::istringstream in(text_of(example()));
  for (std::string l; std::getline(in, l);) lines.push_back(l);
  lines.resize(std::max(lines.size(), b.line + 1));
  lines[b.line] = b.replacement;
  std::string text;
  for (const std::string& l : lines) text += l + "\n";
  try {
    read(text);
    FAIL() << b.what << " was accepted";
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find("t.trace:" + std::to_string(b.line + 1) + ":"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find(b.expected), std::string::npos) << e.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenTrace,
    testing::Values(Broken{"not JSON", 1, "{\"t\": \"fetch\"", "JSON"}, Broken{"not an object", 1, "[1,2]", "JSON object"},
                    Broken{"no trace", 0, "{\"name\": \"x\"}", "not an Isobar trace"},
                    Broken{"later version", 0, "{\"isobar_trace\": 2}", "version"},
                    Broken{"missing key", 0, "{\"isobar_trace\": 1}", "missing key \"name\""},
                    Broken{"unknown key", 2, "{\"t\":\"fetch\",\"core\":0,\"slot\":0,\"choice\":0,\"x\":1}", "unknown key \"x\""},
                    Broken{"core out of range", 2, "{\"t\":\"fetch\",\"core\":16,\"slot\":0,\"choice\":0}", "from 0 to 15"},
                    Broken{"negative slot", 2, "{\"t\":\"fetch\",\"core\":0,\"slot\":-1,\"choice\":0}", "whole number"},
                    Broken{"kind not text", 2, "{\"t\":7,\"core\":0,\"slot\":0,\"choice\":0}", "expected a string"},
                    Broken{"bad digest", 4, "{\"end\":\"complete\",\"steps\":3,\"outcome\":[],\"digest\":\"12\"}", "hexadecimal"},
                    Broken{"bad outcome", 4,
                           "{\"end\":\"complete\",\"steps\":3,\"outcome\":[[1]],\"digest\":\"0123456789abcdef0123456789abcdef\"}",
                           "[label, value]"},
                    Broken{"wrong count", 4,
                           "{\"end\":\"complete\",\"steps\":2,\"outcome\":[],\"digest\":\"0123456789abcdef0123456789abcdef\"}",
                           "another number of transitions"},
                    Broken{"after the footer", 5, "{\"t\":\"fetch\",\"core\":0,\"slot\":0,\"choice\":0}", "footer"}),
    [](const auto& test) {
      std::string name = test.param.what;
      std::replace(name.begin(), name.end(), ' ', '_');
      return name;
    });

TEST(TraceFile, AnEmptyFileIsNoTrace) { EXPECT_THROW(read(""), InputError); }

TEST(TraceFile, EveryPrefixIsATraceOrAnError) {
  const std::string text = text_of(example());
  unsigned errors = 0;
  for (std::size_t n = 0; n < text.size(); ++n) {
    try {
      EXPECT_LE(read(text.substr(0, n)).steps.size(), 3u);
    } catch (const InputError&) {
      ++errors;
    }
  }
  EXPECT_GT(errors, text.size() / 2);
}

TEST(TraceFile, DigestsAsText) {
  const Digest d{1, 0xffffffffffffffff};
  EXPECT_EQ(to_text(d), "0000000000000001ffffffffffffffff");
  EXPECT_EQ(parse_digest(to_text(d)), d);
  EXPECT_FALSE(parse_digest("0000000000000001fffffffffffffffg").has_value());
  EXPECT_FALSE(parse_digest("1").has_value());
}

}  // namespace
}  // namespace isobar::trace
