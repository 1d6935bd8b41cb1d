# Puts lessons/*.yaml and the scenarios that they name into the command.
file(GLOB lesson_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lessons/*.yaml)
list(SORT lesson_files)
set(lesson_rows "")
foreach(file ${lesson_files})
  file(STRINGS ${file} named REGEX "^scenario: ")
  string(REGEX REPLACE "^scenario: *" "" named "${named}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file} ${PROJECT_SOURCE_DIR}/${named})
  file(READ ${file} lesson_text)
  file(READ ${PROJECT_SOURCE_DIR}/${named} scenario_text)
  file(RELATIVE_PATH lesson_name ${PROJECT_SOURCE_DIR} ${file})
  string(APPEND lesson_rows "{\"${lesson_name}\", R\"S(${lesson_text})S\", \"${named}\", R\"S(${scenario_text})S\"},\n")
endforeach()
set(lessons_embedded ${PROJECT_BINARY_DIR}/tools/lesson_sources.cpp)
file(CONFIGURE OUTPUT ${lessons_embedded} @ONLY CONTENT "// Made from lessons/*.yaml by tools/lessons.cmake.
#include \"tools/lesson.h\"

namespace isobar::tools {
const std::vector<LessonSource>& lesson_sources() {
  static const std::vector<LessonSource> all = {
@lesson_rows@};
  return all;
}
}  // namespace isobar::tools
")
target_sources(isobar PRIVATE ${lessons_embedded})
