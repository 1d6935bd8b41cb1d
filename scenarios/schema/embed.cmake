# Puts scenarios/schema/scenario.schema.json into the library of scenarios.
set(schema_file ${CMAKE_CURRENT_LIST_DIR}/scenario.schema.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${schema_file})
file(READ ${schema_file} schema_json)
# Some compilers limit a literal to 65,536 bytes; neighbouring ones are one string.
string(LENGTH "${schema_json}" schema_length)
set(schema_literals "")
foreach(begin RANGE 0 ${schema_length} 8000)
  string(SUBSTRING "${schema_json}" ${begin} 8000 part)
  string(APPEND schema_literals "R\"S(${part})S\"\n")
endforeach()
set(schema_embedded ${PROJECT_BINARY_DIR}/scenarios/schema_text.cpp)
file(CONFIGURE OUTPUT ${schema_embedded} @ONLY CONTENT "// Made from scenarios/schema/scenario.schema.json by scenarios/schema/embed.cmake.
#include \"scenarios/schema/schema_text.h\"

namespace isobar::scenarios {
std::string_view schema_text() {
  static constexpr char text[] = @schema_literals@;
  return {text, sizeof text - 1};
}
}  // namespace isobar::scenarios
")
target_sources(isobar_scenarios PRIVATE ${schema_embedded})
