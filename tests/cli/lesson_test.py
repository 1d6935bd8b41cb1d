"""isobar lesson: every lesson loads and has an answer that a search gives; questions at the prompt."""

import unittest

from isobar_command import AS_EXPECTED, BAD_INPUT, ROOT, isobar


class Lesson(unittest.TestCase):
    def test_every_question_is_decided_by_search(self):
        done = isobar("lesson", "--check")
        self.assertEqual(done.returncode, AS_EXPECTED, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), len(list((ROOT / "lessons").glob("*.yaml"))))
        self.assertGreaterEqual(len(lines), 15)
        for answer in ["possible", "not possible"]:  # neither is always right
            self.assertGreaterEqual(sum(line.endswith(": " + answer) for line in lines), 5)

    def test_lessons_are_listed(self):
        self.assertIn("  1  Why can both read 0?\n", isobar("lesson").stdout)

    def test_an_answer_is_judged_and_commands_work(self):
        done = isobar("lesson", "1", stdin="list\nno\nyes\nfly\nquit\n")
        self.assertEqual(done.returncode, AS_EXPECTED)
        for words in ["P0 fetches", "No: a search of all runs finds it.", "Right: a search of all runs finds it.",
                      "unknown command 'fly'"]:
            self.assertIn(words, done.stdout)

    def test_a_number_that_is_no_lesson_is_bad_input(self):
        self.assertEqual(isobar("lesson", "99").returncode, BAD_INPUT)


if __name__ == "__main__":
    unittest.main()
