// Package rules holds no code: its test reads the source of the whole project
// and fails where a rule that the compiler cannot know is broken. Each rule says
// why it is there, in the words a failure prints.
package rules
