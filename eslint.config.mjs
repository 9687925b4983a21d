// The whole lint: typescript-eslint's strictest sets, and the fences between the rooms.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { fences } from './scripts/fences.mjs';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.glassbox/', '**/*.d.ts', 'bench/python/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // An index whose bound the loop has just checked is the one place where `!` says what is true.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'webview/**/*.ts'],
    plugins: { glassbox: { rules: { fences } } },
    rules: { 'glassbox/fences': 'error', 'max-lines': ['error', { max: 600 }] },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        URLSearchParams: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
      },
    },
  },
);
